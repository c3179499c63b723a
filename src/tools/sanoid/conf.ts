// Reading sanoid.conf: sections in brackets with `key = value` lines, and what each of them comes to over templates and defaults.
// Facts: sanoid 2.1 and 2.2.

/** Keys to values as they are written. */
export type Settings = Readonly<Record<string, string>>;

export interface SanoidConf {
  readonly templates: ReadonlyMap<string, Settings>;
  /** By dataset, in the order of the file. */
  readonly datasets: ReadonlyMap<string, Settings>;
}

const TEMPLATE = 'template_';

/** Lines that are neither are ignored, as comments are. */
export function parseSanoidConf(text: string): SanoidConf {
  const sections = new Map<string, Record<string, string>>();
  let current: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const [, section] = /^\s*\[\s*(.+?)\s*\]\s*$/.exec(line) ?? [];
    if (section !== undefined) {
      current = sections.get(section) ?? {};
      sections.set(section, current);
    }
    const [, key, value = ''] = /^\s*([\w-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined) current[key] = value;
  }
  const templates = new Map<string, Settings>();
  const datasets = new Map<string, Settings>();
  for (const [name, settings] of sections) {
    if (name.startsWith(TEMPLATE)) templates.set(name.slice(TEMPLATE.length), settings);
    else if (name !== 'version') datasets.set(settings['path'] ?? name, settings);
  }
  return { templates, datasets };
}

/** What holds where its own file of defaults is not there: as Debian ships it. */
export const SANOID_DEFAULTS: Settings = {
  autoprune: 'yes',
  autosnap: '1',
  frequently: '0',
  hourly: '48',
  daily: '90',
  weekly: '0',
  monthly: '6',
  yearly: '0',
  frequent_period: '15',
  hourly_min: '0',
  daily_hour: '23',
  daily_min: '59',
  weekly_wday: '1',
  weekly_hour: '23',
  weekly_min: '30',
  monthly_mday: '1',
  monthly_hour: '0',
  monthly_min: '0',
  yearly_mon: '1',
  yearly_mday: '1',
  yearly_hour: '0',
  yearly_min: '0',
  prune_defer: '0',
};

const TRUE: ReadonlySet<string> = new Set(['1', 'true', 'True', 'yes', 'Yes', 'on', 'On']);
export const isTrue = (value: string | undefined): boolean => value !== undefined && TRUE.has(value);
export const isRecursive = ({ recursive }: Settings): boolean => isTrue(recursive) || /zfs/i.test(recursive ?? '');

/** Comma separated, later ones win. */
export const templatesOf = ({ use_template: names = '' }: Settings): string[] =>
  names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

/** They belong to a section itself, and are not handed down. */
const OWN: ReadonlySet<string> = new Set(['use_template', 'recursive', 'process_children_only', 'skip_children', 'path']);

/** What holds for a dataset of the file: defaults, what a recursive one above it hands down, templates, its own words. */
export function effectiveSettings(dataset: string, conf: SanoidConf, defaults: Settings): Settings {
  const own = conf.datasets.get(dataset) ?? {};
  const above = [...conf.datasets.keys()]
    .filter((name) => dataset.startsWith(`${name}/`) && isRecursive(conf.datasets.get(name) ?? {}))
    .toSorted((one, other) => other.length - one.length)[0];
  const base =
    above === undefined ? { ...defaults, ...conf.templates.get('default') } : effectiveSettings(above, conf, defaults);
  const templates = templatesOf(own).map((name) => conf.templates.get(name) ?? {});
  const merged: Record<string, string> = Object.assign({}, base, ...templates, own);
  return Object.fromEntries(Object.entries(merged).filter(([key]) => !OWN.has(key)));
}
