import { Injectable } from '@angular/core';
import { injectApi, injectSession } from 'renewal/angular';
import { map, type Observable, switchMap } from 'rxjs';
import type { Credentials, TokenPair } from '../../../../shop/protocol';
import { toGrant } from './to-grant';

@Injectable({ providedIn: 'root' })
export class LoginService {
  readonly #api = injectApi();
  readonly #session = injectSession();

  /** Emits once the tokens are stored. `auth: false`: a sign-in must not wait for tokens. */
  signIn$(credentials: Credentials): Observable<void> {
    return this.#api.post$<TokenPair>('app/login', credentials, { auth: false }).pipe(
      map(toGrant),
      switchMap((grant) => this.#session.signIn(grant)),
    );
  }
}
