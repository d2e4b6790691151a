import { objections } from './program.mjs';

it('n8n’s linter and Prettier find nothing in any file', async () => {
	expect(await objections('npm', 'run', 'lint', '--silent')).toBe('');
});
