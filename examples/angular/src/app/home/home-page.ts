import { Component } from '@angular/core';
import { RouterLink } from '@angular/router';

@Component({
  selector: 'app-home-page',
  imports: [RouterLink],
  template: `
    <h1>A shop with expiring tokens</h1>
    <p>
      Sign in, open the <a routerLink="/orders">orders</a>, expire the token, and send many requests at once: one refresh
      serves all of them, and the user does not notice. On the <a routerLink="/packing">packing</a> page, a stream
      outlives its token.
    </p>
  `,
})
export class HomePage {}
