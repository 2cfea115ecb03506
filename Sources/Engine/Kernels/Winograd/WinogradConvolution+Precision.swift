import CKernels
import Tensors

/// The kernels of a run of tiles, in the convolution's precision.
///
/// Factors are stored in the scratch's and the weight's memory as floats or as parts in bfloat16;
/// products are floats.
extension WinogradConvolution {
  typealias Floats = UnsafeMutablePointer<Float>

  private var parts: Int { precision.parts }

  /// Transforms some columns of the weight into panels.
  func transformWeight(_ weight: Tensor, _ columns: WinogradColumns, to panels: Tensor) {
    let (inputs, outputs) = (geometry.inputChannels, geometry.outputChannels)
    switch precision {
    case .float32:
      ck_winograd_weight(
        layout.form, inputs, outputs, columns.first, columns.count, columns.stride, weight.pointer,
        panels.pointer)
    case .bfloat16, .bfloat16x3:
      ck_winograd_weight_bf16(
        layout.form, parts, inputs, outputs, columns.first, columns.count, columns.stride,
        weight.pointer, pairs(panels.pointer))
    }
  }

  /// Transforms some columns of the weight with exchanged channels into panels.
  func transformTransposedWeight(_ weight: Tensor, _ columns: WinogradColumns, to panels: Tensor) {
    let (inputs, outputs) = (geometry.inputChannels, geometry.outputChannels)
    switch precision {
    case .float32:
      ck_winograd_weight_transposed(
        layout.form, inputs, outputs, columns.first, columns.count, columns.stride, weight.pointer,
        panels.pointer)
    case .bfloat16, .bfloat16x3:
      ck_winograd_weight_transposed_bf16(
        layout.form, parts, inputs, outputs, columns.first, columns.count, columns.stride,
        weight.pointer, pairs(panels.pointer))
    }
  }

  func transformInput(_ run: WinogradRun, _ x: Tensor, into input: Floats) {
    var tiles = run.inputTiles
    switch precision {
    case .float32: ck_winograd_input(&tiles, x.pointer, input)
    case .bfloat16, .bfloat16x3:
      ck_winograd_input_bf16(&tiles, parts, x.pointer, halves(input))
    }
  }

  /// Transforms the input a·x + b·w.
  func transformInput(
    _ run: WinogradRun, _ a: Float, _ x: Tensor, _ b: Float, _ w: Tensor, into input: Floats
  ) {
    var tiles = run.inputTiles
    switch precision {
    case .float32: ck_winograd_combined_input(&tiles, a, x.pointer, b, w.pointer, input)
    case .bfloat16, .bfloat16x3:
      ck_winograd_combined_input_bf16(
        &tiles, parts, a, x.pointer, b, w.pointer, halves(input))
    }
  }

  func transformOutputAdjoint(_ run: WinogradRun, _ y: Tensor, into output: Floats) {
    var tiles = run.outputTiles
    switch precision {
    case .float32: ck_winograd_output_adjoint(&tiles, y.pointer, output)
    case .bfloat16, .bfloat16x3:
      ck_winograd_output_adjoint_bf16(&tiles, parts, y.pointer, halves(output))
    }
  }

  /// Multiplies a run's tiles by all columns of the weight, or by some.
  func multiply(
    _ products: CKWinogradProducts, _ columns: WinogradColumns, _ factor: Floats,
    _ weight: Tensor, into product: Floats
  ) {
    var products = products
    products.outputs = columns.count
    products.panelFrequencyStride = columns.stride
    let product = product + columns.first
    switch precision {
    case .float32: ck_winograd_multiply(&products, factor, weight.pointer, product)
    case .bfloat16, .bfloat16x3:
      ck_winograd_multiply_bf16(
        &products, parts, halves(factor), pairs(weight.pointer), product)
    }
  }

  func addWeightGradient(
    _ run: WinogradRun, _ scratch: Scratch, scale: Float, previous: Float,
    into transformedGradient: Tensor
  ) {
    var products = run.gradientProducts
    switch precision {
    case .float32:
      ck_winograd_multiply_transposed(
        &products, scratch.input, scratch.output, scale, previous, transformedGradient.pointer)
    case .bfloat16, .bfloat16x3:
      ck_winograd_multiply_transposed_bf16(
        &products, parts, halves(scratch.input), halves(scratch.output), scale, previous,
        pairs(scratch.pairs), transformedGradient.pointer)
    }
  }

  private func halves(_ memory: Floats) -> UnsafeMutablePointer<UInt16> {
    UnsafeMutableRawPointer(memory).assumingMemoryBound(to: UInt16.self)
  }

  private func pairs(_ memory: Floats) -> UnsafeMutablePointer<UInt32> {
    UnsafeMutableRawPointer(memory).assumingMemoryBound(to: UInt32.self)
  }
}
