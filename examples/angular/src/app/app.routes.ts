import type { Routes } from '@angular/router';
import { signedIn } from 'renewal/angular';
import { HomePage } from './home/home-page';
import { LoginPage } from './login/login-page';
import { OrderPage } from './orders/order-page';

export const routes: Routes = [
  { path: '', component: HomePage },
  { path: 'login', component: LoginPage },
  {
    path: 'orders',
    component: OrderPage,
    canActivate: [signedIn((url) => `/login?from=${encodeURIComponent(url)}`)],
  },
];
