/**
 * Puts what `contentOf` answers between `<!-- bench:name -->` and `<!-- /bench -->`, in the place of
 * whatever stands there.
 */
export function fillMarks(text, contentOf) {
  return text.replace(
    /(<!-- bench:([\w-]+) -->)[\s\S]*?(<!-- \/bench -->)/g,
    (_, open, name, close) => `${open}\n${contentOf(name)}\n${close}`,
  );
}
