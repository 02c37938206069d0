// Charts as SVG: horizontal bars, one a row, with the quartiles as a whisker and the figure as text; lines over sizes.

const ROW = 22;
const LABEL = 330;
const BARS = 420;
const WIDTH = LABEL + BARS + 190;
const COLOURS = ['#2a6f97', '#e07a1f', '#4f9d69', '#8f5aa8', '#b23a48', '#6b705c'];

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
<title>${escapeXml(title)}</title>
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
    const [middle, colour] = [y + 10, colourOf(series)];
    parts.push(`<rect x="${LABEL}" y="${y + 3}" width="${width}" height="14" fill="${colour}"/>`);
    parts.push(`<line x1="${x(share.q1)}" y1="${middle}" x2="${x(share.q3)}" y2="${middle}" stroke="black"/>`);
  }
  parts.push(`<text x="${end + 8}" y="${y + 14}">${escapeXml(text)}</text>`);
  return parts.join('');
}

const PANEL = { width: 420, height: 210, left: 52, top: 34 };

/**
 * Panels, two a row, of shares over sizes; sizes on a logarithmic axis.
 * @param {object} chart
 * @param {string} chart.title
 * @param {string[]} chart.names of the lines, the same in each panel
 * @param {{ heading: string, lines: [size: number, share: number][][] }[]} chart.panels more than 1 is drawn as 1
 */
export function lineChart({ title, names, panels }) {
  const right = PANEL.left + PANEL.width + 20;
  const below = PANEL.top + PANEL.height + 26;
  const [width, height] = [2 * right + 12, 62 + Math.ceil(panels.length / 2) * below];
  const legend = names.map((name, i) => {
    const x = 12 + (i * (width - 24)) / names.length;
    const line = `<line x1="${x}" y1="42" x2="${x + 24}" y2="42" stroke="${colourOf(i)}" stroke-width="2"/>`;
    return `${line}<text x="${x + 30}" y="46">${escapeXml(name)}</text>`;
  });
  const drawn = panels.map((panel, i) => drawPanel(panel, (i % 2) * right, 56 + Math.floor(i / 2) * below));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" \
font-family="sans-serif" font-size="12">
<title>${escapeXml(title)}</title>
<rect width="100%" height="100%" fill="white"/>
<text x="12" y="22" font-size="15" font-weight="bold">${escapeXml(title)}</text>
${legend.join('\n')}
${drawn.join('\n')}
</svg>
`;
}

function drawPanel({ heading, lines }, left, top) {
  const octaves = Math.max(1, Math.ceil(Math.log2(Math.max(...lines.flat().map(([n]) => n)))));
  const [x0, y1] = [left + PANEL.left, top + PANEL.top + PANEL.height];
  const x = (n) => x0 + (PANEL.width * Math.log2(n)) / octaves;
  const y = (share) => y1 - PANEL.height * Math.max(0, Math.min(1, share));
  const parts = [`<text x="${x0}" y="${top + 24}" font-weight="bold">${escapeXml(heading)}</text>`];
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    parts.push(`<line x1="${x0}" y1="${y(share)}" x2="${x0 + PANEL.width}" y2="${y(share)}" stroke="#d8d8d8"/>`);
    parts.push(`<text x="${x0 - 6}" y="${y(share) + 4}" text-anchor="end" fill="#666">${100 * share} %</text>`);
  }
  for (let octave = 0; octave <= octaves; octave++) {
    const at = x(2 ** octave).toFixed(1);
    parts.push(`<line x1="${at}" y1="${y(1)}" x2="${at}" y2="${y1}" stroke="#eee"/>`);
    parts.push(`<text x="${at}" y="${y1 + 16}" text-anchor="middle" fill="#666">${2 ** octave}</text>`);
  }
  for (const [i, line] of lines.entries()) {
    const points = line.map(([n, share]) => `${x(n).toFixed(1)},${y(share).toFixed(1)}`).join(' ');
    parts.push(`<polyline points="${points}" fill="none" stroke="${colourOf(i)}" stroke-width="1.5"/>`);
  }
  return parts.join('\n');
}

function colourOf(series) {
  return COLOURS[series % COLOURS.length];
}
