// Reads the text format of Prometheus, as far as a test needs it; written without looking at how Holdfast writes it.
// Source: https://prometheus.io/docs/instrumenting/exposition_formats/

export interface ReadSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export function readMetrics(text: string): ReadSample[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, labels: readLabels(labels), value: Number(value) }];
  });
}

function readLabels(text: string): Record<string, string> {
  const pairs = [...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value.replaceAll(/\\(["\\])/g, '$1')]));
}

/** Null: there is none. More than one is an error. */
export function valueOf(
  samples: readonly ReadSample[],
  name: string,
  labels: Readonly<Record<string, string>>,
): number | null {
  const found = samples.filter(
    (sample) => sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  if (found.length > 1) throw new Error(`there are ${found.length} of ${name} ${JSON.stringify(labels)}`);
  return found[0]?.value ?? null;
}

/** What a comment `# KEY NUMBER` says. */
export function noted(text: string, key: string): number {
  const value = new RegExp(`^# ${key} (\\d+)$`, 'm').exec(text)?.[1];
  if (value === undefined) throw new Error(`nothing is said of ${key}`);
  return Number(value);
}
