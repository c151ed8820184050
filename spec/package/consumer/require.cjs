const renewal = require('renewal');
const { exercise } = require('./exercise.cjs');

exercise(renewal, process.argv[2]);
