const { rm } = require('node:fs/promises');
const { Transform } = require('node:stream');
const { minify } = require('@swc/core');
const { dest, parallel, src } = require('gulp');

/** Removes the last build, so that no file outlives its source. */
const clean = async () => await rm('dist', { recursive: true, force: true });

/** Copies what tsc leaves behind and n8n loads: the icons and the codex files. */
const copy = () =>
	src(['nodes/**/*.{svg,node.json}', 'credentials/**/*.svg'], { base: '.', encoding: false }).pipe(
		dest('dist'),
	);

/**
 * Takes white space out and shortens local names, a quarter of the package. Names of functions and
 * classes stay, for stack traces.
 */
const shrink = () =>
	src('dist/**/*.js', { base: '.' })
		.pipe(
			new Transform({
				objectMode: true,
				transform(file, _encoding, done) {
					minify(file.contents.toString(), {
						compress: false,
						mangle: { keep_classnames: true, keep_fnames: true, toplevel: false },
						module: false,
					}).then(({ code }) => {
						file.contents = Buffer.from(`${code}\n`);
						done(null, file);
					}, done);
				},
			}),
		)
		.pipe(dest('.'));

exports.clean = clean;
exports.assets = parallel(copy, shrink);
