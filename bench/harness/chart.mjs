// Horizontal bars as SVG: one a row, with the quartiles as a whisker and the figure as text.

const ROW = 22;
const LABEL = 330;
const BARS = 420;
const WIDTH = LABEL + BARS + 190;
const COLOURS = ['#2a6f97', '#e07a1f', '#4f9d69', '#8f5aa8'];

const escapeXml = (text) =>
  String(text).replaceAll(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);

/**
 * @param {object} chart
 * @param {string} chart.title
 * @param {string} chart.axis what a bar of full length is
 * @param {{ heading: string, bars: { label: string, series: number, share: {q1, median, q3} | null, text: string }[] }[]} chart.groups
 *   shares are of the full length; more than 1 is drawn as 1. Without a share there is only text.
 */
export function barChart({ title, axis, groups }) {
  const out = [];
  let y = 58;
  for (const { heading, bars } of groups) {
    y += ROW;
    out.push(`<text x="12" y="${y}" font-weight="bold">${escapeXml(heading)}</text>`);
    y += 8;
    for (const bar of bars) {
      out.push(drawBar(bar, y));
      y += ROW;
    }
  }
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const x = LABEL + share * BARS;
    const line = `<line x1="${x}" y1="56" x2="${x}" y2="${y}" stroke="#d8d8d8"/>`;
    return `${line}<text x="${x}" y="50" text-anchor="middle" fill="#666">${100 * share} %</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y + 16}" viewBox="0 0 ${WIDTH} ${y + 16}" \
font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="white"/>
<text x="12" y="22" font-size="15" font-weight="bold">${escapeXml(title)}</text>
<text x="${LABEL}" y="34" fill="#666">${escapeXml(axis)}</text>
${grid.join('\n')}
${out.join('\n')}
</svg>
`;
}

function drawBar({ label, series, share, text }, y) {
  const parts = [`<text x="${LABEL - 8}" y="${y + 14}" text-anchor="end">${escapeXml(label)}</text>`];
  const x = (value) => (LABEL + BARS * Math.max(0, Math.min(1, value))).toFixed(1);
  let end = LABEL;
  if (share && Number.isFinite(share.median)) {
    end = Number(x(share.q3));
    const width = (Number(x(share.median)) - LABEL).toFixed(1);
    const [middle, colour] = [y + 10, COLOURS[series % COLOURS.length]];
    parts.push(`<rect x="${LABEL}" y="${y + 3}" width="${width}" height="14" fill="${colour}"/>`);
    parts.push(`<line x1="${x(share.q1)}" y1="${middle}" x2="${x(share.q3)}" y2="${middle}" stroke="black"/>`);
  }
  parts.push(`<text x="${end + 8}" y="${y + 14}">${escapeXml(text)}</text>`);
  return parts.join('');
}
