const base = require('../../jest.config.js');

/** The proofs that take minutes. One file after the other: each of them starts several n8n, or measures. */
/** @type {import('jest').Config} */
module.exports = {
	...base,
	rootDir: '../..',
	testMatch: ['<rootDir>/test/full/*.test.ts'],
	testPathIgnorePatterns: ['/node_modules/'],
	maxWorkers: 1,
};
