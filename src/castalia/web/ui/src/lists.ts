// The sheet of lists, put on once by whatever page of theirs comes first.
import sheet from "./css/lists.css?later";
import { wear } from "./later";

wear(sheet);
