import { Component } from '@angular/core';
import { RouterLink } from '@angular/router';

@Component({
  selector: 'app-home-page',
  imports: [RouterLink],
  template: `
    <h1>A shop whose tokens die</h1>
    <p>
      Sign in, open the <a routerLink="/orders">orders</a>, let the token die, and ask many times at once: one refresh serves
      all requests, and nobody notices.
    </p>
  `,
})
export class HomePage {}
