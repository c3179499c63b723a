// What the agent does for others. Each is a route, and a scope of its tokens.

export const CAPABILITIES = [
  'backup-status',
  'backup-trigger',
  'backup-list',
  'runs',
  'events',
  'metrics',
  'health',
] as const;

export type Capability = (typeof CAPABILITIES)[number];

export const isCapability = (text: string): text is Capability => CAPABILITIES.some((each) => each === text);
