import { spawnSync } from 'node:child_process';

/**
 * @param {string} line
 * @returns {string} what a shell says against the line, without running it; empty when it is one
 */
export const shellProblem = (line) =>
	spawnSync('bash', ['-n', '-c', line], { encoding: 'utf8' }).stderr;
