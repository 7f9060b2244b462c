/**
 * Draws one stretch b-c of a trail per four corners as a ribbon on the table. Its neighbours a and d give the joints
 * their directions, so that stretches meet without gap or overlap and the trail may be translucent.
 */
export const trailVertexShader = /* glsl */ `
  attribute vec4 startPoints; // a, b
  attribute vec4 endPoints;   // c, d
  attribute vec2 tags;        // trail, component

  uniform sampler2D trails;   // per trail: mode + 1, status + 1, of the isolated rollout, opacity
  uniform sampler2D palette;  // one row per thing to colour by; column 0 is "none"
  uniform int colorBy;
  uniform ivec2 isolation;    // by, category + 1; by is negative when nothing is picked out
  uniform float halfWidth;
  uniform float halfPixel;    // half a pixel, metres at a distance of 1 m
  uniform float lift;

  varying vec3 ribbonColor;
  varying float opacity;

  vec2 direction(vec2 from, vec2 to, vec2 otherwise) {
    vec2 along = to - from;
    float size = length(along);
    return size > 1e-6 ? along / size : otherwise;
  }

  int categoryOf(vec4 trail, int by) {
    if (by == 0) return int(trail.r * 255.0 + 0.5);
    if (by == 1) return int(tags.y) + 1;
    if (by == 3) return trail.b > 0.5 ? 1 : 0;
    return int(trail.g * 255.0 + 0.5);
  }

  void main() {
    int index = int(tags.x);
    vec4 trail = texelFetch(trails, ivec2(index & 255, index >> 8), 0);
    ribbonColor = texelFetch(palette, ivec2(categoryOf(trail, colorBy), colorBy), 0).rgb;
    bool picked = isolation.x < 0 || categoryOf(trail, isolation.x) == isolation.y;
    opacity = picked ? trail.a : trail.a * 0.05;
    if (isolation.x >= 0 && picked) opacity = min(1.0, opacity * 1.6);

    int corner = gl_VertexID & 3;
    bool atEnd = corner > 1;
    float side = corner == 1 || corner == 2 ? 1.0 : -1.0;
    vec2 b = startPoints.zw;
    vec2 c = endPoints.xy;
    vec2 along = direction(b, c, vec2(0.0, 1.0));
    vec2 before = atEnd ? along : direction(startPoints.xy, b, along);
    vec2 after = atEnd ? direction(c, endPoints.zw, along) : along;
    vec2 tangent = before + after;
    tangent = dot(tangent, tangent) > 1e-4 ? normalize(tangent) : along;
    vec2 miter = vec2(-tangent.y, tangent.x);
    float stretch = min(2.0, 1.0 / max(0.35, dot(miter, vec2(-along.y, along.x))));

    vec2 middle = atEnd ? c : b;
    float away = -(viewMatrix * vec4(middle, lift, 1.0)).z;
    float reach = max(halfWidth, 0.6 * 2.0 * halfPixel * away) * stretch;
    gl_Position = projectionMatrix * viewMatrix * vec4(middle + miter * reach * side, lift, 1.0);
    // a trail that has faded away costs no pixels
    if (opacity < 0.004) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
  }
`;

export const trailFragmentShader = /* glsl */ `
  varying vec3 ribbonColor;
  varying float opacity;

  void main() {
    gl_FragColor = vec4(ribbonColor, opacity);
    #include <colorspace_fragment>
  }
`;
