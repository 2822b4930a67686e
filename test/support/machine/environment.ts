import { relative } from 'node:path';
import { TestEnvironment } from 'jest-environment-node';
import type { Need } from './programs';
import { compileOnce } from './compile-once';
import { aptInstall } from './report';
import { TestRun } from './run';

/** What is used of Jest's own types. */
interface Block {
  mode?: 'skip' | 'only' | 'todo' | null;
  parent?: Block;
}
interface Event {
  name: string;
  test?: { parent: Block };
}

/** Node's environment, in which a suite can say what programs it needs: see needs.ts. */
export default class MachineEnvironment extends TestEnvironment {
  private readonly run = TestRun.current();
  private readonly missing = this.run.missing();
  private readonly file: string;
  private readonly declared = new Set<Need>();
  private readonly lacking = new Map<Block, Need[]>();
  private readonly unmet = new Set<Need>();
  private skipped = 0;
  private block?: () => Block;

  constructor(...[config, context]: ConstructorParameters<typeof TestEnvironment>) {
    super(config, context);
    compileOnce();
    this.file = relative(config.projectConfig.rootDir, context.testPath);
    Object.assign(this.global, {
      need: (names: readonly Need[]) => this.need(names),
      lacks: (names: readonly Need[]) => this.lacked(names).length > 0,
      needed: (name: Need) => this.needed(name),
    });
  }

  handleTestEvent({ name, test }: Event, state: { currentDescribeBlock: Block }): void {
    this.block = () => state.currentDescribeBlock;
    if (name !== 'test_skip') return;
    const lacks = this.lackedBy(test?.parent);
    if (lacks.length > 0) this.skipped += 1;
    for (const lack of lacks) this.unmet.add(lack);
  }

  override async teardown(): Promise<void> {
    const { file, skipped: tests, unmet } = this;
    if (tests > 0) this.run.skip({ file, needs: [...unmet], tests });
    await super.teardown();
  }

  private need(names: readonly Need[]): void {
    for (const name of names) this.declared.add(name);
    const lacks = this.lacked(names);
    if (lacks.length === 0) return;
    if (process.env.CI === 'true') {
      const packages = lacks.flatMap((name) => this.missing[name] ?? []);
      throw new Error(
        `This machine lacks ${lacks.join(', ')}, and with CI=true nothing is skipped: ${aptInstall(packages)}`,
      );
    }
    const block = this.block!();
    block.mode = 'skip';
    this.lacking.set(block, lacks);
  }

  private lacked(names: readonly Need[]): Need[] {
    return names.filter((name) => this.missing[name] !== undefined);
  }

  private needed(name: Need): void {
    if (!this.declared.has(name)) throw new Error(`${this.file} uses ${name}: say needs('${name}') at its head`);
  }

  private lackedBy(block: Block | undefined): Need[] {
    return block ? [...(this.lacking.get(block) ?? []), ...this.lackedBy(block.parent)] : [];
  }
}
