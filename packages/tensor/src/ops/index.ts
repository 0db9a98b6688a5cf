export { type AffineOptions, affine } from "./binary/affine";
export { add, div, mul, sub } from "./binary/binary";
export { type LinearOptions, linear } from "./linear/linear";
export { type MatmulOptions, matmul } from "./matmul/matmul";
export { reshape } from "./reshape/reshape";
export { abs, exp, gelu, log, neg, relu, sigmoid, softplus, sqrt, square, tanh } from "./unary/unary";
