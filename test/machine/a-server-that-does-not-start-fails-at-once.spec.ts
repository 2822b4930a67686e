import { spawn } from 'node:child_process';
import { untilUp } from '../support/child';

const noAnswer = (): Promise<never> => Promise.reject(new Error('no answer within a minute'));

it('a program that is not there: with its name', async () => {
  await expect(untilUp(spawn('/no/such/program'), noAnswer)).rejects.toThrow('spawn /no/such/program ENOENT');
});

it('a process that ends before it responds: with its exit code and its output', async () => {
  const script = 'process.stderr.write("the port is taken", () => process.exit(3))';
  const child = spawn(process.execPath, ['-e', script], { stdio: 'pipe' });
  await expect(untilUp(child, noAnswer)).rejects.toThrow(/it ended with 3\nthe port is taken/);
});
