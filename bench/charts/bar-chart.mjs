const width = 760;
const labelWidth = 230;
const barHeight = 22;
const gap = 8;
const top = 44;
const palette = ["#3b6ea5", "#c8553d", "#7a9e7e", "#8d6a9f"];

/**
 * Bars, one under the other, as SVG that looks alike on light and dark pages. Each bar is
 * `{ label, value, part }`; what has the same `part` has the same colour.
 */
export function barChart({ title, unit, bars }) {
  const most = Math.max(...bars.map(({ value }) => value));
  const scale = (width - labelWidth - 110) / most;
  const parts = [...new Set(bars.map(({ part }) => part))];
  const rows = bars.map(({ label, value, part }, at) => {
    const y = top + at * (barHeight + gap);
    const length = Math.max(1, value * scale);
    const color = palette[parts.indexOf(part) % palette.length];
    return `  <text x="${labelWidth - 8}" y="${y + 15}" text-anchor="end">${escaped(label)}</text>
  <rect x="${labelWidth}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" fill="${color}"/>
  <text x="${labelWidth + length + 6}" y="${y + 15}">${format(value)} ${escaped(unit)}</text>`;
  });
  const height = top + bars.length * (barHeight + gap) + 8;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-family="system-ui, sans-serif" font-size="13">
  <title>${escaped(title)}</title>
  <rect width="${width}" height="${height}" rx="6" fill="#ffffff"/>
  <text x="16" y="26" font-size="15" font-weight="600">${escaped(title)}</text>
${rows.join("\n")}
</svg>
`;
}

function format(value) {
  return value >= 100 ? Math.round(value).toLocaleString("en") : Number(value.toPrecision(3));
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
