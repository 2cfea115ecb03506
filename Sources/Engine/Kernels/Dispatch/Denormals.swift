import CKernels

/// From now on this thread reads denormal floats as zero and writes zero for them.
///
/// Gradients that die out otherwise cost up to a hundred times a normal operation. Threads started
/// later have their own setting.
public func flushDenormalsOnThisThread() { ck_flush_denormals() }
