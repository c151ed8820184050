import '../angular/support/testbed';
import '../../examples/testing/vitest.spec';
import '../../examples/testing/virtual-time.spec';
import '../../examples/testing/faults.spec';
import '../../examples/testing/angular.spec';
