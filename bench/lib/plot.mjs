/** @typedef {{ label: string, value: number, least: number, most: number, isOurs: boolean }} Bar */

const WIDTH = 760;
const LEFT = 270;
const RIGHT = 110;
const TOP = 58;
const BAR = 24;
const STEP = 40;

/** Colours that stand out on white and on dark pages. */
const STYLE = `
text { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #24292f; }
.title { font-size: 16px; font-weight: 600; }
.note, .tick { fill: #57606a; font-size: 12px; }
.bar { fill: #8c959f; }
.ours { fill: #0f8a6d; }
.spread { stroke: #24292f; stroke-width: 1.5; }
.grid { stroke: #d0d7de; }
@media (prefers-color-scheme: dark) {
	text { fill: #e6edf3; }
	.note, .tick { fill: #9da7b3; }
	.bar { fill: #6e7681; }
	.ours { fill: #2fbf9b; }
	.spread { stroke: #e6edf3; }
	.grid { stroke: #30363d; }
}`;

/** @param {string} text */
const escaped = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

/** @param {number} number */
const short = (number) => number.toFixed(1).replace(/\.0$/, '');

/** @param {number} largest @returns {number} a round distance between five or so grid lines */
function stepFor(largest) {
	const rough = largest / 5;
	const power = 10 ** Math.floor(Math.log10(rough));
	return ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
}

/**
 * Horizontal bars, one below the other, each with its spread.
 *
 * @param {{ title: string, note: string, unit: string, bars: Bar[] }} plot
 * @returns {string} SVG
 */
export function barPlot({ title, note, unit, bars }) {
	const largest = Math.max(...bars.map(({ most }) => most));
	const scale = (WIDTH - LEFT - RIGHT) / largest;
	const bottom = TOP + bars.length * STEP;
	/** @param {number} value */
	const x = (value) => short(LEFT + value * scale);
	const step = stepFor(largest);
	const ticks = Array.from({ length: Math.floor(largest / step) + 1 }, (_, index) => index * step);
	const grid = ticks.map(
		(
			value,
		) => `<line class="grid" x1="${x(value)}" y1="${TOP - 8}" x2="${x(value)}" y2="${bottom}"/>
<text class="tick" x="${x(value)}" y="${bottom + 18}" text-anchor="middle">${short(value)} ${unit}</text>`,
	);
	const rows = bars.map(({ label, value, least, most, isOurs }, index) => {
		const y = TOP + index * STEP;
		const middle = y + BAR / 2;
		return `<text x="${LEFT - 10}" y="${middle + 4.5}" text-anchor="end">${escaped(label)}</text>
<rect class="${isOurs ? 'ours' : 'bar'}" x="${LEFT}" y="${y}" width="${short(Math.max(1, value * scale))}" height="${BAR}" rx="3"/>
<line class="spread" x1="${x(least)}" y1="${middle}" x2="${x(most)}" y2="${middle}"/>
<text x="${short(LEFT + most * scale + 8)}" y="${middle + 4.5}">${value.toFixed(value < 10 ? 2 : 1)} ${unit}</text>`;
	});
	const height = bottom + 34;
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(title)}">
<style>${STYLE}
</style>
<text class="title" x="12" y="24">${escaped(title)}</text>
<text class="note" x="12" y="42">${escaped(note)}</text>
${[...grid, ...rows].join('\n')}
</svg>
`;
}
