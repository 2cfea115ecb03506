import CKernels

/// Makes this thread read denormal floats as zero, and write zero for them.
///
/// Vanishing gradients become denormals, which cost up to a hundred times as much as normal floats.
/// Threads that start later have their own setting.
public func flushDenormalsOnThisThread() { ck_flush_denormals() }
