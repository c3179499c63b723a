// Which service comes back first.

export interface Urgency {
  readonly name: string;
  readonly protection: {
    readonly class: string;
    /** In milliseconds; null: no promise. */
    readonly rto: number | null;
  };
}

const CLASSES = ['critical', 'standard'];
const rank = ({ protection }: Urgency): number => {
  const at = CLASSES.indexOf(protection.class);
  return at === -1 ? CLASSES.length : at;
};

/** Critical ones first, then standard ones; of those what was promised soonest, then by name. On paper as on a machine. */
export const byUrgency = (a: Urgency, b: Urgency): number =>
  rank(a) - rank(b) || compare(a.protection.rto ?? Infinity, b.protection.rto ?? Infinity) || compare(a.name, b.name);

/** Also of what is infinite. */
const compare = <Value extends string | number>(a: Value, b: Value): number => (a < b ? -1 : Number(a > b));
