/**
 * n8n's community package scanner on this machine alone: on the checkout's sources and on what would be published.
 *
 * Usage: node test/runner/scan.mjs <folder of the unpacked tarball>
 */
import {
	analyzePackage,
	SOURCE_FILE_PATTERNS,
} from '@n8n/scan-community-package/scanner/scanner.mjs';
import { root } from '../../sandbox/lib/paths.mjs';

const [published = ''] = process.argv.slice(2);

/** @type {Array<{ what: string, folder: string, patterns: string[] }>} */
const scans = [
	{ what: 'the sources', folder: root, patterns: SOURCE_FILE_PATTERNS },
	{ what: 'the package', folder: published, patterns: ['**/*.js', 'package.json'] },
];

for (const { what, folder, patterns } of scans) {
	const { passed, message = '', details = '' } = await analyzePackage(folder, patterns);
	// The scanner is also content with a folder that has nothing to scan.
	if (passed && !message) continue;
	process.exitCode = 1;
	process.stdout.write(`The scanner objects to ${what}: ${message}\n${details}\n`);
}
