// Switches: one JSON object, as the first argument or in OIDC_PEER. An unknown one is an error, so that
// a test never believes to have switched something that does not exist.

const DEFAULTS = {
  access_token_ttl: 3600,
  authorization_code_ttl: 60,
  device_code_ttl: 600,
  device_interval: null,
  id_token_alg: 'RS256',
  id_token_ttl: 3600,
  refresh_token_ttl: 14 * 24 * 3600,
  refresh_without_offline_access: false,
  registration: true,
  rotate: null,
};

export function readSwitches(text) {
  const given = JSON.parse(text);
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULTS, name)) {
      throw new Error(`unknown switch ${JSON.stringify(name)}; there are: ${Object.keys(DEFAULTS).join(', ')}`);
    }
    const right = DEFAULTS[name] === null ? ['number', 'boolean', 'object'] : [typeof DEFAULTS[name]];
    if (!right.includes(typeof value)) {
      throw new Error(`switch ${JSON.stringify(name)} must be a ${right[0]}, not ${JSON.stringify(value)}`);
    }
  }
  return { ...DEFAULTS, ...given };
}
