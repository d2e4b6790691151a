/**
 * n8n's community package scanner, on this machine alone.
 *
 * Usage: node test/checks/scan.mjs sources
 *        node test/checks/scan.mjs package <folder of the unpacked tarball>
 */
import {
	analyzePackage,
	SOURCE_FILE_PATTERNS,
} from '@n8n/scan-community-package/scanner/scanner.mjs';

const [what = '', folder = process.cwd()] = process.argv.slice(2);
const patterns = what === 'sources' ? SOURCE_FILE_PATTERNS : ['**/*.js', 'package.json'];

const { passed, message = '', details = '' } = await analyzePackage(folder, patterns);
// The scanner is also content with a folder that has nothing to scan, and says so.
if (!passed || message) {
	process.exitCode = 1;
	process.stdout.write(`The scanner objects to the ${what}: ${message}\n${details}\n`);
}
