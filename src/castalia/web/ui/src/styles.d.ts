declare module "*.css";
declare module "*.css?later" {
  const sheet: string;
  export default sheet;
}
