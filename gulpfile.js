const { globSync } = require('node:fs');
const { rm } = require('node:fs/promises');
const { build } = require('esbuild');
const { dest, parallel, src } = require('gulp');

/** Removes the last build, so that no file outlives its source. */
const clean = async () => await rm('dist', { recursive: true, force: true });

/** Where the build goes; `npm run dev` has it put into a running n8n. */
const folder = process.env.BUILD_FOLDER ?? 'dist';

/** Copies what n8n loads beside code: icons, codex files and previews of outputs. */
const copy = () =>
	src(['nodes/**/*.{svg,node.json}', 'nodes/**/__schema__/**/*.json', 'credentials/**/*.svg'], {
		base: '.',
		encoding: false,
	}).pipe(dest(folder));

/**
 * Makes one file of each entry that n8n loads, with everything it imports: n8n reads one file instead of dozens. It is
 * not minified, so that stack traces name lines and reviewers can read it.
 */
const bundle = async () => {
	await build({
		entryPoints: globSync('{nodes,credentials}/**/*.{node,credentials}.ts'),
		outdir: folder,
		outbase: '.',
		bundle: true,
		platform: 'node',
		target: 'node20',
		external: ['n8n-workflow'],
	});
};

exports.clean = clean;
exports.assets = parallel(copy, bundle);
