import * as renewal from 'renewal';
import { exercise } from './exercise.cjs';

await exercise(renewal, process.argv[2]);
