const { rm } = require('node:fs/promises');
const { dest, src } = require('gulp');

/** Removes the last build, so that no file outlives its source. */
const clean = async () => await rm('dist', { recursive: true, force: true });

/** Copies what tsc leaves behind and n8n loads: the icons and the codex files. */
const assets = () =>
	src(['nodes/**/*.{svg,node.json}', 'credentials/**/*.svg'], { base: '.', encoding: false }).pipe(
		dest('dist'),
	);

exports.clean = clean;
exports.assets = assets;
