import type { Routes } from '@angular/router';
import { signedIn } from 'renewal/angular';
import { HomePage } from './home/home-page';
import { LoginPage } from './login/login-page';
import { OrderPage } from './orders/order-page';
import { PackingPage } from './packing/packing-page';

const canActivate = [signedIn((url) => `/login?from=${encodeURIComponent(url)}`)];

export const routes: Routes = [
  { path: '', component: HomePage },
  { path: 'login', component: LoginPage },
  { path: 'orders', component: OrderPage, canActivate },
  { path: 'packing', component: PackingPage, canActivate },
];
