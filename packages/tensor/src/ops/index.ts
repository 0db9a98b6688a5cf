export { type AffineOptions, affine } from "./binary/affine";
export { add, div, mul, sub } from "./binary/binary";
export { type ConvTranspose2dOptions, convTranspose2d } from "./conv-transpose2d/conv-transpose2d";
export { type Conv2dOptions, conv2d } from "./conv2d/conv2d";
export { type LinearOptions, linear } from "./linear/linear";
export { type MatmulOptions, matmul } from "./matmul/matmul";
export { reshape } from "./reshape/reshape";
export { abs, exp, gelu, log, neg, relu, sigmoid, softplus, sqrt, square, tanh } from "./unary/unary";
