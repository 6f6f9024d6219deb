// How many requests came to which endpoint, so that a test can say "one refresh in all".

export class Counts {
  #counts = {};

  // Counts after the answer: a token request is counted under its grant type and how it ended, for example
  // `token refresh_token 200`, everything else under its route and status.
  middleware() {
    return async (ctx, next) => {
      await next();
      if (!ctx.oidc?.route) return;
      const grant = ctx.oidc.route === 'token' ? ` ${ctx.oidc.params?.grant_type}` : '';
      const key = `${ctx.oidc.route}${grant} ${ctx.status}`;
      this.#counts[key] = (this.#counts[key] ?? 0) + 1;
    };
  }

  answer(response) {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(this.#counts));
  }
}
