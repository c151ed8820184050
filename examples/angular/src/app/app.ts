import { Component, computed } from '@angular/core';
import { RouterLink, RouterOutlet } from '@angular/router';
import { injectSession, sessionState } from 'renewal/angular';
import { Timeline } from './timeline/timeline';

@Component({
  selector: 'app-root',
  imports: [RouterLink, RouterOutlet, Timeline],
  template: `
    <nav>
      <a routerLink="/">Home</a>
      <a routerLink="/orders">Orders</a>
      <span id="status">{{ status() }}</span>
      @if (isSignedIn()) {
        <button type="button" id="sign-out" (click)="signOut()">Sign out</button>
      } @else {
        <a routerLink="/login">Sign in</a>
      }
    </nav>
    <router-outlet />
    @defer (on idle) {
      <app-timeline />
    }
  `,
})
export class App {
  readonly #session = injectSession();
  readonly #state = sessionState();
  protected readonly status = computed(() => this.#state().status);
  protected readonly isSignedIn = computed(() => 'tokens' in this.#state());

  /** Renews the tokens before they expire, for as long as the app runs; no obstacle to its being stable. */
  constructor() {
    this.#session.keepFresh$().subscribe();
  }

  protected signOut(): void {
    this.#session.signOut();
  }
}
