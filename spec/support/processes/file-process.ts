import { fileStore } from 'renewal/node';
import { runProcess } from './process';

runProcess((path) => fileStore({ path }));
