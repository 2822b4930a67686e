/** What of the Compose specification this project uses; anything else is a slip of the pen. */
const names = { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1 };
const duration = { type: 'string', pattern: '^\\d+(ms|s|m|h)$' };
const size = { type: 'string', pattern: '^\\d+[mg]$' };
const texts = { type: 'object', additionalProperties: { type: 'string' } };

/** What every container is denied. */
const CONFINED = ['read_only', 'cap_drop', 'security_opt', 'mem_limit', 'pids_limit'];

export const composeSchema = {
  type: 'object',
  required: ['name', 'services', 'networks', 'volumes'],
  additionalProperties: false,
  patternProperties: { '^x-': {} },
  properties: {
    name: { type: 'string', pattern: '^[a-z0-9][a-z0-9_-]*$' },
    volumes: { type: 'object', additionalProperties: { type: 'null' } },
    networks: {
      type: 'object',
      additionalProperties: {
        type: ['object', 'null'],
        additionalProperties: false,
        properties: { internal: { type: 'boolean' } },
      },
    },
    services: {
      type: 'object',
      propertyNames: { pattern: '^[a-zA-Z0-9._-]+$' },
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        required: ['image', 'restart', 'networks', ...CONFINED],
        properties: {
          image: { type: 'string', pattern: '^[\\w./-]+(:[\\w.-]+)?$' },
          build: {
            type: 'object',
            additionalProperties: false,
            required: ['context', 'dockerfile'],
            properties: { context: { type: 'string' }, dockerfile: { type: 'string' } },
          },
          restart: { enum: ['no', 'always', 'on-failure', 'unless-stopped'] },
          profiles: names,
          command: { type: 'array', items: { type: 'string' } },
          environment: texts,
          volumes: { type: 'array', items: { type: 'string', pattern: '^(\\./)?[\\w./-]+:/[\\w./-]+(:ro)?$' } },
          tmpfs: names,
          // To this machine alone: whoever wants more says so.
          ports: { type: 'array', items: { type: 'string', pattern: '^127\\.0\\.0\\.1:\\d+:\\d+$' } },
          depends_on: {
            type: 'object',
            additionalProperties: {
              type: 'object',
              additionalProperties: false,
              required: ['condition'],
              properties: {
                condition: { enum: ['service_started', 'service_healthy', 'service_completed_successfully'] },
              },
            },
          },
          healthcheck: {
            type: 'object',
            additionalProperties: false,
            required: ['test'],
            properties: {
              test: {
                type: 'array',
                items: [{ enum: ['CMD', 'CMD-SHELL'] }],
                minItems: 2,
                additionalItems: { type: 'string' },
              },
              interval: duration,
              timeout: duration,
              retries: { type: 'integer', minimum: 1 },
            },
          },
          networks: names,
          user: { type: 'string' },
          shm_size: size,
          mem_limit: size,
          pids_limit: { type: 'integer', minimum: 1 },
          read_only: { const: true },
          cap_drop: { const: ['ALL'] },
          cap_add: names,
          security_opt: { const: ['no-new-privileges:true'] },
          stop_grace_period: duration,
        },
      },
    },
  },
};
