# The second build, for machines where no prebuilt binary fits and cmake is missing: node-gyp, the same sources and flags
# as CMakeLists.txt. One static library for each ISA level, since gyp has flags for targets, not for files.
{
  'target_defaults': {
    'include_dirs': ['native'],
    'cflags!': ['-fno-exceptions'],
    'cflags_cc!': ['-std=gnu++17', '-std=gnu++20', '-fno-exceptions', '-fno-rtti'],
    'cflags_cc': ['-std=c++20', '-O3', '-fvisibility=hidden', '-fvisibility-inlines-hidden', '-ffp-contract=off', '-fno-math-errno'],
    'xcode_settings': {
      'CLANG_CXX_LANGUAGE_STANDARD': 'c++20',
      'GCC_ENABLE_CPP_EXCEPTIONS': 'YES',
      'GCC_ENABLE_CPP_RTTI': 'YES',
      'GCC_OPTIMIZATION_LEVEL': '3',
      'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
      'MACOSX_DEPLOYMENT_TARGET': '11.0',
      'OTHER_CPLUSPLUSFLAGS': ['-ffp-contract=off', '-fno-math-errno'],
    },
    'msvs_settings': {
      'VCCLCompilerTool': { 'ExceptionHandling': 1, 'AdditionalOptions': ['/std:c++20', '/fp:precise', '/utf-8'] },
    },
    'conditions': [
      ['OS=="win"', { 'defines': ['NOMINMAX'] }],
      ['OS=="linux" and clang==0', { 'cflags_cc': ['-Wno-restrict'] }],  # see CMakeLists.txt
    ],
  },
  'targets': [
    {
      'target_name': 'gradsmith',
      'sources': ['<!@(node native/sources.mjs addon)', '<!@(node native/sources.mjs core)'],
      'include_dirs': ["<!(node -p \"path.dirname(require.resolve('node-addon-api'))\")"],
      'defines': ['NAPI_VERSION=9', 'NAPI_CPP_EXCEPTIONS', 'NODE_ADDON_API_DISABLE_DEPRECATED'],
      'dependencies': ['scalar'],
      'conditions': [
        ['target_arch=="x64"', { 'dependencies': ['avx2', 'avx512', 'avx512bf16', 'avx512amx'] }],
        ['target_arch=="arm64"', { 'dependencies': ['neon'] }],
      ],
    },
    {
      'target_name': 'scalar',
      'type': 'static_library',
      'sources': ['<!@(node native/sources.mjs scalar)'],
    },
  ],
  'conditions': [
    ['target_arch=="x64"', {
      'targets': [
        {
          'target_name': 'avx2',
          'type': 'static_library',
          'sources': ['<!@(node native/sources.mjs avx2)'],
          'cflags_cc': ['-mavx2', '-mfma'],
          'xcode_settings': { 'OTHER_CPLUSPLUSFLAGS': ['-mavx2', '-mfma'] },
          'msvs_settings': { 'VCCLCompilerTool': { 'AdditionalOptions': ['/arch:AVX2'] } },
        },
        {
          'target_name': 'avx512',
          'type': 'static_library',
          'sources': ['<!@(node native/sources.mjs avx512)'],
          'cflags_cc': ['-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl', '-mavx2', '-mfma', '-mprefer-vector-width=512'],
          'xcode_settings': {
            'OTHER_CPLUSPLUSFLAGS': ['-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl', '-mavx2', '-mfma', '-mprefer-vector-width=512'],
          },
          'msvs_settings': { 'VCCLCompilerTool': { 'AdditionalOptions': ['/arch:AVX512'] } },
        },
        {
          'target_name': 'avx512bf16',
          'type': 'static_library',
          'sources': ['<!@(node native/sources.mjs avx512bf16)'],
          'cflags_cc': ['-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl', '-mavx2', '-mfma', '-mprefer-vector-width=512', '-mavx512bf16'],
          'xcode_settings': {
            'OTHER_CPLUSPLUSFLAGS': ['-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl', '-mavx2', '-mfma', '-mprefer-vector-width=512', '-mavx512bf16'],
          },
          'msvs_settings': { 'VCCLCompilerTool': { 'AdditionalOptions': ['/arch:AVX512'] } },
        },
        {
          'target_name': 'avx512amx',
          'type': 'static_library',
          'sources': ['<!@(node native/sources.mjs avx512amx)'],
          'cflags_cc': ['-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl', '-mavx2', '-mfma', '-mprefer-vector-width=512', '-mavx512bf16', '-mamx-tile', '-mamx-bf16'],
          'xcode_settings': {
            'OTHER_CPLUSPLUSFLAGS': ['-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl', '-mavx2', '-mfma', '-mprefer-vector-width=512', '-mavx512bf16', '-mamx-tile', '-mamx-bf16'],
          },
          'msvs_settings': { 'VCCLCompilerTool': { 'AdditionalOptions': ['/arch:AVX512'] } },
        },
      ],
    }],
    ['target_arch=="arm64"', {
      'targets': [
        {
          'target_name': 'neon',
          'type': 'static_library',
          'sources': ['<!@(node native/sources.mjs neon)'],
        },
      ],
    }],
  ],
}
