import { objections } from './program.mjs';

it('every file is of sound types: node, tests, sandbox, scripts', async () => {
	expect(await objections('npm', 'run', 'typecheck', '--silent')).toBe('');
});
