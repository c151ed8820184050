import { Component, inject, input, signal } from '@angular/core';
import { Router } from '@angular/router';
import { DEMO_USER } from '../../../../shop/protocol';
import { toText } from '../to-text';
import { LoginService } from './login-service';

@Component({
  selector: 'app-login-page',
  template: `
    <h1>Sign in</h1>
    <form class="card" (submit)="signIn($event, user.value, password.value)">
      <label>User <input #user name="user" autocomplete="username" [value]="demo.user" /></label>
      <label>
        Password
        <input #password name="password" type="password" autocomplete="current-password" [value]="demo.password" />
      </label>
      <button id="sign-in" class="primary">Sign in</button>
      @if (error()) {
        <p id="error" role="alert">{{ error() }}</p>
      }
    </form>
  `,
})
export class LoginPage {
  /** The url to navigate to after the sign-in. */
  readonly from = input<string>();
  protected readonly demo = DEMO_USER;
  protected readonly error = signal('');
  readonly #login = inject(LoginService);
  readonly #router = inject(Router);

  protected signIn(event: Event, user: string, password: string): void {
    event.preventDefault();
    this.#login.signIn$({ user, password }).subscribe({
      next: () => this.#router.navigateByUrl(this.from() ?? '/orders'),
      error: (error) => this.error.set(toText(error)),
    });
  }
}
