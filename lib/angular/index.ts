export { type ApiResourceOptions, type ApiResourceRequest, apiResource } from './api-resource';
export { httpClientTransport } from './http-client-transport';
export { type ApiFeature, provideApi, withName, withSession } from './provide-api';
export { provideSessionInterceptor } from './provide-session-interceptor';
export { API, type ApiName, injectApi, injectSession, type ProvidedApi, SESSION } from './provided-api';
export { sessionInterceptor } from './session-interceptor';
export { sessionState } from './session-state';
export { signedIn } from './signed-in';
export { withoutSession } from './without-session';
