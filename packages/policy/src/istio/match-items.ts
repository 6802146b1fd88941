import type { IstioCondition, IstioFields } from "./manifests.js";

/** One combination of a source, an operation and conditions, all of which have to match. */
export interface IstioMatch {
  readonly source: IstioFields;
  readonly operation: IstioFields;
  readonly when: readonly IstioCondition[];
}

/** A list of a match: what it is about, its values, and whether it names or leaves out. */
export interface MatchItem {
  /** As in the manifest, such as `operation.notPaths`. */
  readonly where: string;
  /** Without the negation, such as `operation.paths`. */
  readonly subject: string;
  readonly values: readonly string[];
  readonly isNegative: boolean;
}

/** Everything that a match asks for. An empty list asks for nothing. */
export function itemsOf({ source, operation, when }: IstioMatch): readonly MatchItem[] {
  const items = [
    ...fieldItems("source", source),
    ...fieldItems("operation", operation),
    ...when.flatMap(conditionItems),
  ];
  return items.filter(({ values }) => values.length > 0);
}

function fieldItems(part: string, fields: IstioFields): readonly MatchItem[] {
  return Object.entries(fields).map(([field, values]) => {
    const isNegative = /^not[A-Z]/.test(field);
    const name = isNegative ? field.charAt(3).toLowerCase() + field.slice(4) : field;
    return { where: `${part}.${field}`, subject: `${part}.${name}`, values, isNegative };
  });
}

function conditionItems({
  key,
  values = [],
  notValues = [],
}: IstioCondition): readonly MatchItem[] {
  const subject = `when ${key}`;
  return [
    { where: `${subject} values`, subject, values, isNegative: false },
    { where: `${subject} notValues`, subject, values: notValues, isNegative: true },
  ];
}
