// Login and consent, in place of the provider's development pages: GET shows a page, POST decides.
import { consentPage, loginPage } from './pages.mjs';

const ROUTE = /^\/interaction\/([\w-]+)(?:\/(login|consent))?$/;
const LARGEST_FORM = 16 * 1024;

export function interactions(provider) {
  return async (ctx, next) => {
    const route = ROUTE.exec(ctx.path);
    if (!route) return next();
    const details = await provider.interactionDetails(ctx.req, ctx.res);
    if (details.uid !== route[1]) return ctx.throw(400, 'this page belongs to another sign-in');
    ctx.set('cache-control', 'no-store');
    if (ctx.method === 'GET' && !route[2]) return show(provider, ctx, details);
    if (ctx.method === 'POST' && route[2] === details.prompt.name) return decide(provider, ctx, details);
    return ctx.throw(405);
  };
}

async function show(provider, ctx, { uid, prompt, params, session }) {
  const client = await provider.Client.find(params.client_id);
  const shown = { uid, client: client.clientName ?? client.clientId };
  if (prompt.name === 'login') return loginPage(ctx, shown);
  return consentPage(ctx, { ...shown, account: session.accountId, scopes: (params.scope ?? '').split(' ') });
}

async function decide(provider, ctx, details) {
  const form = await readForm(ctx.req);
  const result = form.get('decision') === 'deny'
    ? { error: 'access_denied', error_description: 'the person said no' }
    : details.prompt.name === 'login' ? login(ctx, form) : await consent(provider, details);
  ctx.respond = false;
  await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: details.prompt.name === 'consent' });
}

function login(ctx, form) {
  const name = form.get('login');
  if (!name) ctx.throw(400, 'a name is needed');
  return { login: { accountId: name } };
}

async function consent(provider, { prompt, grantId, session, params }) {
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  const { missingOIDCScope, missingOIDCClaims, missingResourceScopes } = prompt.details;
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(' '));
  if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims);
  for (const [resource, scopes] of Object.entries(missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(' '));
  }
  return { consent: { grantId: await grant.save() } };
}

async function readForm(request) {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > LARGEST_FORM) throw new Error('the form is too large');
  }
  return new URLSearchParams(text);
}
