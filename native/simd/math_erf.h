#pragma once
#include "simd/math_exp.h"

namespace gradsmith::simd {

inline constexpr UlpBound kErfUlp = {1.5, 1.5};

/// Error function for every x. Coefficients are our own Chebyshev interpolants, computed with 60 digits:
/// erf(x)/x in x² on [0, 1]; beyond, 1 - e^p(x) (float; to 4, where erf rounds to 1) and
/// 1 - e^-x²·q((x-2)/(x+2)) (double; to 6).
template <class V>
GRADSMITH_INLINE V erf(V x) {
  using T = typename V::T;
  const V one = V::splat(T(1));
  const V m = abs(x);
  const V z = m * m;
  V near, far;
  if constexpr (kIsSingle<T>) {
    constexpr T kNear[] = {7.875875063e-5f, -8.016864287e-4f, 5.189087423e-3f, -2.685421201e-2f,
                           1.128359472e-1f, -3.761262667e-1f, 1.2837916709e-1f};
    constexpr T kFar[] = {1.637151415e-6f,  -4.605804269e-5f, 5.968056257e-4f, -4.759596293e-3f, 2.642113601e-2f,
                          -1.100800829e-1f, -6.318260516e-1f, -1.130233435f,   3.201380497e-4f};
    near = fma(m, horner(z, kNear), m);
    far = one - exp(horner(min(V::splat(4.0f), m), kFar));
  } else {
    constexpr T kNear[] = {5.957176147748911404e-11, -1.137284885679167367e-9, 1.465977527404743581e-8,
                           -1.635031270105469501e-7, 1.646100048412136803e-6,  -1.492559526683118157e-5,
                           1.205533111164271092e-4,  -8.548326980833789905e-4, 5.223977624818014467e-3,
                           -2.686617064507679325e-2, 1.128379167095487867e-1,  -3.761263890318374806e-1,
                           1.28379167095512574e-1};
    constexpr T kFar[] = {3.91705929992538851e-6,   1.820143195975009054e-6,  -1.40675326945820577e-5,
                          -2.764730544361005384e-5, 2.754312818566671732e-5,  1.74366972329468635e-4,
                          4.355420245270589547e-5,  -9.819773208131022721e-4, -8.47143198076042359e-4,
                          6.997461747753573633e-3,  3.73289240349223978e-3,   -7.89785810158525347e-2,
                          2.416581942424698569e-1,  -4.271858474139578852e-1, 2.553956763105057455e-1};
    near = fma(m, horner(z, kNear), m);
    const V c = min(V::splat(6.0), m);
    const V two = V::splat(2.0);
    far = one - exp(-(c * c)) * horner((c - two) / (c + two), kFar);
  }
  return with_sign_of(x, select(m < one, near, far));
}

}  // namespace gradsmith::simd
