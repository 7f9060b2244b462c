import * as tf from '@tensorflow/tfjs';

// tfjs greets on stdout and warns at every kernel that is registered twice; results on stdout stay parsable without
tf.enableProdMode();

/** TensorFlow.js, imported here and nowhere else, so that every module shares one engine and one silence. */
export { tf };
