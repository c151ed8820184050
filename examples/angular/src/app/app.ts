import { ApplicationRef, afterNextRender, Component, computed, inject } from '@angular/core';
import { RouterLink, RouterLinkActive, RouterOutlet } from '@angular/router';
import { injectSession, sessionState } from 'renewal/angular';
import { Timeline } from './timeline/timeline';

@Component({
  selector: 'app-root',
  imports: [RouterLink, RouterLinkActive, RouterOutlet, Timeline],
  template: `
    <header>
      <nav aria-label="Pages">
        <a class="brand" routerLink="/">The shop</a>
        <a routerLink="/orders" routerLinkActive="current" ariaCurrentWhenActive="page">Orders</a>
        <a routerLink="/packing" routerLinkActive="current" ariaCurrentWhenActive="page">Packing</a>
      </nav>
      <span id="status" class="pill">{{ isSignedIn() ? 'Signed in' : 'Signed out' }}</span>
      @if (isSignedIn()) {
        <button type="button" id="sign-out" (click)="signOut()">Sign out</button>
      } @else {
        <a routerLink="/login">Sign in</a>
      }
    </header>
    <main><router-outlet /></main>
    <app-timeline />
  `,
})
export class App {
  readonly #session = injectSession();
  readonly #state = sessionState();
  protected readonly isSignedIn = computed(() => 'tokens' in this.#state());

  constructor() {
    // Refreshes the tokens before they expire while the app runs. The app still becomes stable.
    this.#session.keepFresh$().subscribe();
    const app = inject(ApplicationRef);
    afterNextRender(() => app.whenStable().then(() => performance.mark('stable')));
  }

  protected signOut(): void {
    this.#session.signOut();
  }
}
