import Xhr2 from 'xhr2';

/** xhr2, with the faults mended that turn one outcome into another. */
class NodeXHR extends Xhr2 {
  /** Why the connection failed; xhr2 throws it away. */
  cause?: Error;

  protected override _onHttpRequestError(request: unknown, error: Error): void {
    this.cause = error;
    super._onHttpRequestError(request, error);
  }

  /** An answer that broke off keeps no status: what is left of it is no answer. */
  protected override _setError(): void {
    super._setError();
    this.status = 0;
  }
}

/** A fresh `XMLHttpRequest` for Node. */
export const createXHR = (): XMLHttpRequest =>
  // xhr2 is untyped; what rxjs/ajax uses of the interface it has.
  new NodeXHR() as unknown as XMLHttpRequest;
