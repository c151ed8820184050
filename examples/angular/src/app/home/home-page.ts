import { Component } from '@angular/core';

@Component({
  selector: 'app-home-page',
  template: `<h1>A shop whose tokens die</h1>
    <p>Sign in as ada, and see one refresh serve all requests.</p>`,
})
export class HomePage {}
