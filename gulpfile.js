const { rm } = require('node:fs/promises');
const { Transform } = require('node:stream');
const { dest, parallel, src } = require('gulp');
const ts = require('typescript');

/** Removes the last build, so that no file outlives its source. */
const clean = async () => await rm('dist', { recursive: true, force: true });

/** Copies what tsc leaves behind and n8n loads: the icons and the codex files. */
const copy = () =>
	src(['nodes/**/*.{svg,node.json}', 'credentials/**/*.svg'], { base: '.', encoding: false }).pipe(
		dest('dist'),
	);

/**
 * Whether a template in the code spreads its text over several lines, so that indenting it anew
 * would change what it says.
 *
 * @param {import('typescript').Node} node
 * @returns {boolean}
 */
const hasTextOverLines = (node) =>
	(ts.isTemplateLiteralToken(node) && node.getText().includes('\n')) ||
	(ts.forEachChild(node, (child) => hasTextOverLines(child) || undefined) ?? false);

/** Indents with tabs, as the sources do: tsc writes four spaces, a tenth of the package. */
const indent = () =>
	src('dist/**/*.js', { base: '.' })
		.pipe(
			new Transform({
				objectMode: true,
				transform(file, _encoding, done) {
					const text = file.contents.toString();
					if (hasTextOverLines(ts.createSourceFile(file.path, text, ts.ScriptTarget.Latest, true))) {
						done(new Error(`${file.relative}: write the text over several lines with \\n`));
						return;
					}
					/** @param {string} spaces */
					const tabs = (spaces) => '\t'.repeat(spaces.length / 4);
					file.contents = Buffer.from(text.replace(/^(?: {4})+/gm, tabs));
					done(null, file);
				},
			}),
		)
		.pipe(dest('.'));

exports.clean = clean;
exports.assets = parallel(copy, indent);
