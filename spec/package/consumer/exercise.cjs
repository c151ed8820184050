const { firstValueFrom } = require('rxjs');

const failure = (answer$) =>
  firstValueFrom(answer$).then(
    () => undefined,
    (error) => error,
  );

/** The checks for both module systems, which differ only in how they load `renewal`. */
exports.exercise = async ({ createApi, isApiError, ApiError, HttpStatusError, NetworkError }, baseUrl) => {
  const api = createApi({ baseUrl });
  const missing = await failure(api.get$('/missing'));
  const broken = await failure(api.get$('/broken'));
  const said = {
    orders: await firstValueFrom(api.get$('/orders')),
    missing: [isApiError(missing, 'status'), missing instanceof HttpStatusError, missing instanceof ApiError],
    broken: [isApiError(broken, 'network'), broken instanceof NetworkError, broken instanceof ApiError],
  };
  process.stdout.write(JSON.stringify(said));
};
