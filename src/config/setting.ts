import 'reflect-metadata';

const SETTINGS = Symbol('SETTINGS');

/** What docs/settings.md and `.env.example` say of a variable. Its name, default and rule stand beside it. */
export interface SettingText {
  /** What the variable sets, in one sentence. May contain Markdown. */
  readonly meaning: string;
  /** A value for `.env.example`, where the default shows nothing. @default the default */
  readonly example?: string;
  /** What the table shows in place of a default. @default unset */
  readonly unset?: string;
  /** The heading in `.env.example` of this variable and those that follow. */
  readonly heading?: string;
}

/** Documents a property of `Environment`. `npm run docs:settings` writes docs/settings.md and `.env.example` from it. */
export function Setting(meaning: string, rest: Omit<SettingText, 'meaning'> = {}): PropertyDecorator {
  return (target, name) => {
    settingsOf(target).set(String(name), { meaning, ...rest });
  };
}

/** Every documented property, in the order of declaration. */
export function settingsOf(target: object): Map<string, SettingText> {
  const known = Reflect.getOwnMetadata(SETTINGS, target) as Map<string, SettingText> | undefined;
  const settings = known ?? new Map<string, SettingText>();
  if (!known) Reflect.defineMetadata(SETTINGS, settings, target);
  return settings;
}
