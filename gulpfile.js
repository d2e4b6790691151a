const { globSync } = require('node:fs');
const { mkdir, rm, writeFile } = require('node:fs/promises');
const { basename, dirname, join, relative, sep } = require('node:path');
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

/** The classes that n8n loads, each from a file of its name: the path without its ending, and the class. */
const entries = globSync('{nodes,credentials}/**/*.{node,credentials}.ts').map((file) => ({
	path: file.slice(0, -'.ts'.length),
	name: basename(file).split('.')[0],
}));

/**
 * Makes one file of all code, with a line in each place where n8n looks for a class: n8n reads one file instead of
 * dozens, and what both nodes share is there once. It is not minified, so that stack traces name lines and reviewers
 * can read it.
 */
const bundle = async () => {
	await build({
		stdin: {
			contents: entries.map(({ path, name }) => `export { ${name} } from './${path}';`).join('\n'),
			resolveDir: __dirname,
			loader: 'ts',
		},
		outfile: join(folder, 'bundle.js'),
		bundle: true,
		platform: 'node',
		target: 'node20',
		external: ['n8n-workflow'],
	});
	for (const { path, name } of entries) {
		const file = join(folder, `${path}.js`);
		const code = relative(dirname(file), join(folder, 'bundle')).split(sep).join('/');
		await mkdir(dirname(file), { recursive: true });
		await writeFile(file, `exports.${name} = require('${code}').${name};\n`);
	}
};

exports.clean = clean;
exports.assets = parallel(copy, bundle);
